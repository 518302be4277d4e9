/**
 * Sources: where an object was read, for as long as somebody may ask. The way to the lines of its fields holds on to
 * the text of the whole file; once that is let go of, what was asked before is still known, and for any other field
 * the place of the object stands in.
 */
import type { PlaceOf } from '../objects/read.ts'
import type { Place } from '../objects/types.ts'

export class Spot {
  readonly #place: Place
  #find: PlaceOf | null
  #known: Map<string, Place> | null = null

  /** `place`: of the object, or of the document that it is in. */
  constructor(place: Place, find: PlaceOf) {
    this.#place = place
    this.#find = find
  }

  /** The place of a field; '' is the object. The same whenever it is asked. */
  placeOf(field: string): Place {
    const known = this.#known?.get(field)
    if (known !== undefined) return known
    const place = this.#find?.(field) ?? this.#place
    this.#known ??= new Map()
    this.#known.set(field, place)
    return place
  }

  /** Lets go of the text. */
  settle(): void {
    this.#find = null
  }
}
