/** Milliseconds to wait after this many failures in a row: 1 s, doubled each time, at most 30 s (kube-proxy's syncPeriod). */
export const backoffMs = (failures: number): number =>
  Math.min(30_000, 1000 * 2 ** Math.max(0, failures - 1))
