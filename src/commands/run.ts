/**
 * `kpc run`: the agent on files. Reads the command line; run/follow.ts does the work.
 */
import { withBackend } from '../../backends/registry.ts'
import { type Command, command } from './command.ts'
import { Failure } from './failure.ts'
import type { Io } from './io.ts'
import { problemsTo } from './problems.ts'
import { follow } from './run/follow.ts'
import type { RunValues } from './run/job.ts'
import { openLog } from './run/log.ts'
import { readSetting, SETTING_OPTIONS } from './setting.ts'

export const run: Command = command({
  name: 'run',
  group: 'Keep a node in step',
  summary: "Keep this network namespace's rules equal to the objects",
  details: [
    'Follows files or a cluster until Ctrl-C; the rules stay after the end.',
    'Needs CAP_NET_ADMIN, except with --dry-run and --demo. Logs go to stderr.',
  ],
  options: [
    ...SETTING_OPTIONS,
    'kubeconfig',
    'netns',
    'dryRun',
    'once',
    'for',
    'iptablesFlavour',
    'output',
    'verbose',
    'help',
  ],
  exits: [
    [0, 'ended as asked; with --once: the rules are in step'],
    [1, 'with --dry-run --once: the rules would change'],
    [2, 'failed; with --once also: something in the input was bad and left out'],
  ],
  examples: [
    'kpc run --demo --for 10s',
    'kpc run -f objects/ --hostname-override node-a --dry-run',
    'kpc run --kubeconfig sim.yaml --dry-run',
    'kpc run -f cluster.yaml --config kubeproxy.yaml --once',
  ],
  run: (values, io) => start(values, io),
})

const start = async (values: RunValues, io: Io): Promise<number> => {
  const dryRun = values.dryRun || values.demo
  const log = openLog(io)
  const report = dryRun ? problemsTo(io) : log.problems
  const setting = await readSetting({ command: 'run', values, io, report })
  const privileged = !values.demo && (await io.mayChangeRules())
  if (!dryRun && !privileged)
    throw new Failure(
      "kpc run writes the node's rules and needs CAP_NET_ADMIN; nothing was done\n" +
        '  run it as root, or add --dry-run to see what it would do',
    )
  return withBackend(setting.mode, backend =>
    follow({ backend, setting, values, io, dryRun, privileged, log, report }),
  )
}
