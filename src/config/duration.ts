/**
 * Durations as Kubernetes writes them ("30s", "1m30s", "1.5h", "250ms"), to milliseconds. Pure.
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
