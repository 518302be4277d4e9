/** A command cannot do what it was asked to: its message is for the user, and the exit code is 2. */
export class Failure extends Error {
  readonly code = 'FAILED'
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Failure'
  }
}
