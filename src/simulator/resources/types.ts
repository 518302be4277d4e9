/**
 * What the server knows of a resource: its names, its shape, and the strategy that defaults, guards and validates its
 * objects. Strategies change the object they are given, which is always fresh, and read the store through the world.
 */
import type { FieldError } from '../field-errors.ts'
import type { Json, JsonObject } from '../json.ts'
import type { StructShape } from '../schema/shapes.ts'
import type { Change, Store } from '../store/types.ts'

/** What strategies may know of their surroundings. */
export interface World {
  readonly store: Store
  /** The time as RFC 3339 text of whole seconds. */
  readonly now: () => string
  /** A number in [0, 1). */
  readonly random: () => number
  readonly uid: () => string
  readonly ranges: Ranges
  /** Node ports in use, each with the "namespace/name" of its Service. */
  readonly nodePorts: Map<number, string>
}

export interface Ranges {
  /** Inclusive. */
  readonly nodePorts: { readonly from: number; readonly to: number }
}

/** What goes into the store together with an object, and what is remembered once it is there. */
export interface Allocation {
  readonly errors: readonly FieldError[]
  readonly changes: readonly Change[]
  readonly committed: () => void
}

export interface Strategy {
  readonly defaults?: (object: JsonObject) => void
  readonly prepareCreate?: (object: JsonObject, world: World) => void
  readonly prepareUpdate?: (object: JsonObject, old: JsonObject, world: World) => void
  readonly validate?: (object: JsonObject) => FieldError[]
  readonly validateUpdate?: (object: JsonObject, old: JsonObject) => FieldError[]
  readonly prepareStatus?: (object: JsonObject, old: JsonObject) => void
  readonly validateStatus?: (object: JsonObject) => FieldError[]
  /** Takes what the object needs beyond itself. `old` is null on creation. */
  readonly allocate?: (object: JsonObject, old: JsonObject | null, world: World) => Allocation
  /** Gives back what a deleted object had taken. */
  readonly release?: (object: JsonObject, world: World) => Allocation
  /** Seconds an object lingers after its deletion; 0: it goes at once. */
  readonly grace?: (object: JsonObject, asked: number | null) => number
  /** metadata.generation counts changes outside metadata and status. */
  readonly generation?: boolean
  /** Updates need not name the version they change. */
  readonly unconditionalUpdate?: boolean
  /** A PUT or an apply of a name that is not there creates it. */
  readonly createOnUpdate?: boolean
}

/** A field for field selectors, next to metadata.name and metadata.namespace. */
export type Selectable = (object: JsonObject) => string

export interface Column {
  readonly name: string
  readonly type: 'string' | 'integer' | 'date' | 'boolean'
  readonly description: string
  /** 0: always shown; 1: with -o wide. */
  readonly priority: 0 | 1
  readonly format: '' | 'name'
  readonly cell: (object: JsonObject, now: number) => Json
}

export interface Resource {
  /** "group/plural". */
  readonly id: string
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  readonly subresources: readonly Subresource[]
  readonly shape: StructShape
  /** What is wrong with a name; empty when it will do. */
  readonly nameFault: (name: string) => string
  readonly strategy: Strategy
  readonly selectable: Readonly<Record<string, Selectable>>
  readonly columns: readonly Column[]
}

export type Subresource = 'status' | 'scale' | 'finalize' | 'binding' | 'eviction'

/** apps/v1, or v1 for the core group. */
export const groupVersion = ({ group, version }: { group: string; version: string }): string =>
  group === '' ? version : `${group}/${version}`
