/** The names of proxy modes that kpc can compile for, taken from the registry of backends. */
import { type BackendName, backends } from '../../backends/registry.ts'

const isMode = (name: string): name is BackendName => Object.hasOwn(backends, name)

export const MODES: readonly BackendName[] = Object.keys(backends).filter(isMode)
