/** Bytes as nft prints them: four to a line. */
export const wireText = (bytes: Uint8Array): string => {
  const words: string[] = []
  for (let at = 0; at < bytes.length; at += 4)
    words.push(
      [...bytes.subarray(at, at + 4)].map(byte => byte.toString(16).padStart(2, '0')).join(' '),
    )
  return words.join('\n')
}
