/** On which node each endpoint's pod runs, as far as slices have told: for the words of a screen only. */
import type { ClusterEvent } from '../objects/types.ts'

export class Whereabouts {
  readonly #nodes = new Map<string, string>()

  /** An address that no slice names any more keeps its node: its going is still to be told. */
  note(events: readonly ClusterEvent[]): void {
    for (const event of events) {
      if (event.type === 'delete') continue
      const { object } = event
      const slices =
        object.kind === 'EndpointSlice'
          ? [object]
          : object.kind === 'Endpoints'
            ? object.slices
            : []
      for (const { endpoints } of slices)
        for (const { ip, nodeName } of endpoints)
          if (nodeName !== null) this.#nodes.set(ip, nodeName)
    }
  }

  nodeOf = (ip: string): string | null => this.#nodes.get(ip) ?? null
}
