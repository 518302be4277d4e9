/**
 * What form an answer is to have, from the Accept header: JSON or YAML, whole objects, tables, or metadata only. A type
 * we do not speak, such as protobuf, is passed over for the next one in the list, as the API's rules want it.
 */
import { OPENAPI_V2_PROTOBUF } from './openapi-protobuf.ts'
import { notAcceptable } from './status.ts'

export interface Media {
  readonly encoding: 'json' | 'yaml'
  readonly as:
    | ''
    | 'Table'
    | 'PartialObjectMetadata'
    | 'PartialObjectMetadataList'
    | 'APIGroupDiscoveryList'
    | 'OpenAPIv2'
  readonly version: string
}

const WHOLE: Media = { encoding: 'json', as: '', version: '' }

interface Choice {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
  readonly weight: number
}

const cache = new Map<string, Media>()

/** The first form in the list that the server speaks. Throws a 406 when there is none. */
export const negotiate = (accept: string | undefined): Media => {
  if (accept === undefined || accept === '') return WHOLE
  const known = cache.get(accept)
  if (known !== undefined) return known
  const choices = accept.split(',').map(choiceOf)
  choices.sort((a, b) => b.weight - a.weight)
  const media = choices.map(mediaOf).find(found => found !== null)
  if (media === undefined || media === null) throw notAcceptable()
  if (cache.size < 200) cache.set(accept, media)
  return media
}

const choiceOf = (text: string): Choice => {
  const [type = '', ...rest] = text.split(';').map(part => part.trim())
  const parameters = new Map(
    rest.map(part => {
      const [key = '', value = ''] = part.split('=')
      return [key.trim(), value.trim()] as const
    }),
  )
  const weight = Number(parameters.get('q') ?? '1')
  return { type: type.toLowerCase(), parameters, weight: Number.isNaN(weight) ? 0 : weight }
}

const FORMS = [
  'Table',
  'PartialObjectMetadata',
  'PartialObjectMetadataList',
  'APIGroupDiscoveryList',
] as const

const mediaOf = ({ type, parameters, weight }: Choice): Media | null => {
  if (weight <= 0) return null
  if (type === OPENAPI_V2_PROTOBUF) return { ...WHOLE, as: 'OpenAPIv2' }
  const encoding = encodingOf(type)
  if (encoding === null) return null
  const form = parameters.get('as') ?? ''
  if (form === '') return { ...WHOLE, encoding }
  const as = FORMS.find(one => one === form)
  const version = parameters.get('v') ?? ''
  const group = parameters.get('g') ?? ''
  if (as === undefined) return null
  if (as === 'APIGroupDiscoveryList')
    return group === 'apidiscovery.k8s.io' && (version === 'v2' || version === 'v2beta1')
      ? { encoding, as, version }
      : null
  return group === 'meta.k8s.io' && (version === 'v1' || version === 'v1beta1')
    ? { encoding, as, version }
    : null
}

const encodingOf = (type: string): 'json' | 'yaml' | null => {
  switch (type) {
    case '*/*':
    case 'application/*':
    case 'application/json':
      return 'json'
    case 'application/yaml':
      return 'yaml'
  }
  return null
}
