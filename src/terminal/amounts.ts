/** Numbers as a person reads them: counts with their noun, and times with their unit. */

/** 5001 → "5,001". */
export const count = (amount: number): string => String(amount).replace(/\B(?=(\d{3})+$)/g, ',')

/** "1 change", "2,000 changes", "2 entries". */
export const counted = (amount: number, noun: string): string =>
  `${count(amount)} ${amount === 1 ? noun : plural(noun)}`

const plural = (noun: string): string => {
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`
  return /(?:s|x|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`
}

/** Milliseconds: "0.2 ms", "31 ms", "1.5 s", "2 min 5 s". */
export const duration = (ms: number, gap = ' '): string => {
  if (ms < 9.95) return `${ms.toFixed(1)}${gap}ms`
  if (ms < 999.5) return `${ms.toFixed(0)}${gap}ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)}${gap}s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)}${gap}min ${seconds % 60}${gap}s`
}

/** Whole seconds in their largest units: 10800 → "3h", 5400 → "1h30m", 45 → "45s". */
export const seconds = (amount: number): string => {
  const parts = [
    [Math.floor(amount / 3600), 'h'],
    [Math.floor((amount % 3600) / 60), 'm'],
    [amount % 60, 's'],
  ] as const
  return (
    parts
      .filter(([value]) => value > 0)
      .map(([value, unit]) => `${value}${unit}`)
      .join('') || '0s'
  )
}

/** The local time of day, "12:00:03". */
export const timeOfDay = (time: Date): string =>
  [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map(part => String(part).padStart(2, '0'))
    .join(':')
