/** `kpc version`. The number stands in package.json and nowhere else. */
import about from '../../package.json' with { type: 'json' }
import { type Command, command } from './command.ts'

export const VERSION: string = about.version

export const version: Command = command({
  name: 'version',
  group: 'About kpc',
  summary: 'Print the version',
  options: ['help'],
  exits: [[0, 'printed']],
  examples: ['kpc version'],
  run: async (_values, { stdout }) => {
    stdout.write(`kpc ${VERSION}\n`)
    return 0
  },
})
