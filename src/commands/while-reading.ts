/** Waiting for input, which may never come: whoever wants to end need not wait for it. */

/** What is said of an end before that. */
export const ENDED_READING = 'ended before all input was read; nothing was done'

/** What `reading` resolves to; undefined once the signal aborts, and what is read after that is lost. */
export const whileReading = async <T>(
  reading: Promise<T>,
  signal: AbortSignal,
): Promise<T | undefined> => {
  const over = Promise.withResolvers<undefined>()
  const end = (): void => over.resolve(undefined)
  if (signal.aborted) end()
  else signal.addEventListener('abort', end, { once: true })
  try {
    return await Promise.race([reading, over.promise])
  } finally {
    signal.removeEventListener('abort', end)
  }
}
