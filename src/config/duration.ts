/**
 * Durations as Kubernetes writes them ("30s", "1m30s", "1.5h", "250ms"), to milliseconds and back. Pure.
 */

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

const WHOLE = /^([-+]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g

/** Milliseconds; null: not a duration. `0` needs no unit. */
export const parseDuration = (text: string): number | null => {
  if (/^[-+]?0$/.test(text)) return 0
  const [, sign, parts] = WHOLE.exec(text) ?? []
  if (parts === undefined) return null
  let total = 0
  for (const [, amount, unit] of parts.matchAll(PART))
    total += Number(amount) * (UNITS[unit ?? ''] ?? 0)
  return sign === '-' ? -total : total
}

const SHOWN: readonly (readonly [unit: string, ms: number])[] = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
]

/** Milliseconds, 0 or more, as people write them: `1m30s`, `250ms`, `1.5s`. */
export const formatDuration = (milliseconds: number): string => {
  if (milliseconds === 0) return '0s'
  if (milliseconds < 1000) return `${milliseconds}ms`
  let rest = milliseconds
  let text = ''
  for (const [unit, ms] of SHOWN) {
    const amount = unit === 's' ? rest / ms : Math.floor(rest / ms)
    rest -= amount * ms
    if (amount > 0) text += `${amount}${unit}`
  }
  return text
}
