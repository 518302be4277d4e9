/**
 * The declared table of all resources: what discovery lists, what paths lead to, and which strategy guards each. Its
 * rows are in rows.ts.
 */
import { structOf } from '../schema/shapes.ts'
import { columnsOf } from './columns.ts'
import { subdomainFault } from './names.ts'
import { GROUPS, type Row } from './rows.ts'
import type { Resource } from './types.ts'

const resourceOf = (group: string, row: Row): Resource => ({
  id: `${group}/${row.plural}`,
  group,
  version: 'v1',
  kind: row.kind,
  plural: row.plural,
  singular: row.kind.toLowerCase(),
  shortNames: row.short ?? [],
  categories: row.all ? ['all'] : [],
  namespaced: !row.cluster,
  subresources: row.sub ?? [],
  shape: structOf(row.model),
  nameFault: row.nameFault ?? subdomainFault,
  strategy: row.strategy,
  selectable: row.selectable ?? {},
  columns: columnsOf(row.plural),
})

export const RESOURCES: readonly Resource[] = GROUPS.flatMap(([group, rows]) =>
  rows.map(row => resourceOf(group, row)),
)

/** Looked up by "group/plural". */
export const BY_ID: ReadonlyMap<string, Resource> = new Map(
  RESOURCES.map(resource => [resource.id, resource]),
)

export const resourceNamed = (group: string, plural: string): Resource | undefined =>
  BY_ID.get(`${group}/${plural}`)

/** By apiVersion and kind, as objects name themselves. */
export const resourceOfKind = (apiVersion: string, kind: string): Resource | undefined =>
  RESOURCES.find(
    ({ group, version, kind: own }) =>
      own === kind && apiVersion === (group === '' ? version : `${group}/${version}`),
  )
