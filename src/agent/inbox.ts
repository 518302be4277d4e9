/**
 * Between a source that speaks when it likes and a loop that is busy now and then: what arrives meanwhile is handed
 * over together, in order.
 */

export type Taken<T> =
  | { readonly kind: 'items'; readonly items: readonly T[] }
  | { readonly kind: 'quiet' }
  | { readonly kind: 'ended' }

export class Inbox<T> {
  #items: T[] = []
  #ended = false
  #nudged = false
  #failure: { readonly error: unknown } | undefined
  #wake: (() => void) | undefined

  /** Starts to read `source` at once. Its error, if it throws, comes out of `take` after the items before it. */
  constructor(source: AsyncIterable<T>) {
    void this.#fill(source)
  }

  async #fill(source: AsyncIterable<T>): Promise<void> {
    try {
      for await (const item of source) {
        this.#items.push(item)
        this.#wake?.()
      }
    } catch (error) {
      this.#failure = { error }
    }
    this.#ended = true
    this.#wake?.()
  }

  /** Lets `take` return at once, now or when it is next called, with whatever has arrived. */
  nudge(): void {
    this.#nudged = true
    this.#wake?.()
  }

  /** Waits for something to arrive, for a nudge, or until `timeout` resolves. One caller at a time. */
  async take(timeout?: Promise<void>): Promise<Taken<T>> {
    if (this.#items.length === 0 && !this.#ended && !this.#nudged) {
      const arrival = new Promise<void>(resolve => {
        this.#wake = resolve
      })
      await (timeout ? Promise.race([arrival, timeout]) : arrival)
      this.#wake = undefined
    }
    this.#nudged = false
    if (this.#items.length > 0) {
      const items = this.#items
      this.#items = []
      return { kind: 'items', items }
    }
    if (this.#failure) throw this.#failure.error
    return { kind: this.#ended ? 'ended' : 'quiet' }
  }
}
