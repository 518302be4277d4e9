/** A run as documents for programs: a `Sync` for each sync, the first with the whole picture, and each `Problems`. */
import type { SyncReport } from '../../agent/loop.ts'
import type { Entry } from '../../program/types.ts'
import {
  API_VERSION,
  change,
  type Document,
  documentText,
  entries,
  servicePort,
  servicePorts,
} from '../documents.ts'
import type { Io } from '../io.ts'
import type { Scene, View } from './view.ts'

export const documentView = <E extends Entry>(
  scene: Scene<E>,
  form: 'json' | 'yaml',
  io: Io,
): View<E> => {
  let opened = false
  let caption: string | undefined
  const print = (document: Document): void => io.stdout.write(documentText(document, form))
  return {
    sync: report => {
      if (!opened) print(programDocument(scene))
      opened = true
      print(syncDocument(scene, report, { caption, time: io.date().toISOString() }))
      caption = undefined
    },
    problems: problems => {
      const document = { apiVersion: API_VERSION, kind: 'Problems', problems } as const
      print(document)
    },
    caption: text => {
      caption = text
    },
  }
}

const programDocument = <E extends Entry>(scene: Scene<E>): Document => {
  const { pipeline, backend, nodeName, whereabouts } = scene
  const document = {
    apiVersion: API_VERSION,
    kind: 'Program',
    node: nodeName,
    mode: backend.name,
    servicePorts: servicePorts(pipeline.plans.values(), whereabouts.nodeOf),
    entries: entries(pipeline.program.values(), backend),
  } as const
  return document
}

const syncDocument = <E extends Entry>(
  { backend, dryRun, whereabouts }: Scene<E>,
  report: SyncReport<E>,
  { caption, time }: { readonly caption: string | undefined; readonly time: string },
): Document => {
  const { outcome, full, timing, drift } = report
  const document = {
    apiVersion: API_VERSION,
    kind: 'Sync',
    time,
    ...(caption === undefined ? {} : { about: caption }),
    dryRun,
    outcome,
    full,
    ...(drift === undefined ? {} : { drift }),
    servicePorts: report.ports.map(({ key, before, after }) => ({
      key,
      before: before === undefined ? null : servicePort(before, whereabouts.nodeOf),
      after: after === undefined ? null : servicePort(after, whereabouts.nodeOf),
    })),
    ...(report.outcome === 'synced'
      ? { renewed: report.renewed, changes: report.changes.map(each => change(each, backend)) }
      : { error: String(report.error), withheld: report.withheld, retryInMs: report.retryInMs }),
    milliseconds: Object.fromEntries(
      Object.entries(timing).map(([stage, ms]) => [stage, Number(ms.toFixed(3))]),
    ),
  } as const
  return document
}
