/**
 * Which commits are ours, or were looked at since: spans of the ruleset's generation, which grows by one with each
 * commit of anybody. Tools write in processes of their own, so nothing else tells their commits from other people's.
 */

/** Owns the spans that notifications may still come from. */
export class OwnSpans {
  #spans: { readonly after: number; readonly upTo: number }[] = []

  /** The commits with generations `after + 1` … `upTo` are no news. */
  add(after: number, upTo: number): void {
    if (upTo > after) this.#spans.push({ after, upTo })
  }

  has(generation: number): boolean {
    return this.#spans.some(({ after, upTo }) => generation > after && generation <= upTo)
  }

  /** Every commit with a generation `after + 1` … `upTo` is ours. */
  cover(after: number, upTo: number): boolean {
    let covered = after
    for (let grew = true; grew && covered < upTo; ) {
      const reach = this.#spans
        .filter(span => span.after <= covered && span.upTo > covered)
        .map(span => span.upTo)
      grew = reach.length > 0
      covered = Math.max(covered, ...reach)
    }
    return covered >= upTo
  }

  /** Nothing up to this generation is asked about any more. */
  forget(upTo: number): void {
    this.#spans = this.#spans.filter(span => span.upTo > upTo)
  }
}
