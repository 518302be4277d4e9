/**
 * Probabilities of the statistic match, from a number to the two texts that it has: what is fed to iptables-restore,
 * and what iptables-save prints after the kernel has rounded it to 31 bits (spec iptables, sections 6.4 and 11).
 */

/** The unit of the kernel's own probability (struct xt_statistic_info, u.random.probability). */
const KERNEL_ONE = 2 ** 31

/**
 * `digits` decimals as C's printf gives them: rounded half to even on the exact value. toFixed rounds a tie up, and
 * there is a tie exactly where the value is an odd multiple of 2^-(digits + 1).
 */
const fixed = (value: number, digits: number): string => {
  const rounded = value.toFixed(digits)
  const isTie = Math.abs((value * 2 ** (digits + 1)) % 2) === 1
  if (!isTie) return rounded
  const cut = value.toFixed(digits + 1).slice(0, -1)
  return Number(cut.at(-1)) % 2 === 0 ? cut : rounded
}

/** As kube-proxy writes it: ten decimals. */
export const fedProbability = (probability: number): string => fixed(probability, 10)

/** As iptables-save prints it: what the kernel made of the fed text, with eleven decimals. */
export const savedProbability = (probability: number): string =>
  fixed(Math.round(Number(fedProbability(probability)) * KERNEL_ONE) / KERNEL_ONE, 11)
