/**
 * Bytes as people read them: `bytes` takes rows of hex with their meaning behind a bar, `dump` writes four to a line so
 * that a difference shows the attribute it is in.
 */
export const bytes = (text: string): Uint8Array =>
  Uint8Array.from(
    text
      .split('\n')
      .flatMap(line => (line.split('|')[0] ?? '').trim().split(/\s+/))
      .filter(byte => byte !== '')
      .map(byte => {
        if (!/^[0-9a-f]{2}$/.test(byte)) throw new RangeError(`not a byte: ${byte}`)
        return Number.parseInt(byte, 16)
      }),
  )

export const dump = (image: Uint8Array): string => {
  const words: string[] = []
  for (let at = 0; at < image.length; at += 4)
    words.push(
      [...image.subarray(at, at + 4)].map(byte => byte.toString(16).padStart(2, '0')).join(' '),
    )
  return words.join('\n')
}
