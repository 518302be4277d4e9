/**
 * Colour on a terminal: a text and what it means in, the text with or without escape codes out. Whether colour is
 * wanted is decided once, from the environment and the stream; nothing below asks again.
 */
import { styleText } from 'node:util'

export type Style = 'strong' | 'faint' | 'good' | 'bad' | 'changed' | 'name'

/** Marks a text. Without colour the text stays as it is. */
export type Paint = (style: Style, text: string) => string

const FORMATS = {
  strong: 'bold',
  faint: 'dim',
  good: 'green',
  bad: 'red',
  changed: 'yellow',
  name: 'cyan',
} as const satisfies Record<Style, string>

export const painter =
  (colour: boolean): Paint =>
  (style, text) =>
    colour && text !== '' ? styleText(FORMATS[style], text, { validateStream: false }) : text

/** FORCE_COLOR speaks first, then NO_COLOR (no-color.org: set and not empty), then what the stream is. */
export const wantsColour = (
  env: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): boolean => {
  const { FORCE_COLOR: force, NO_COLOR: no, TERM: terminal } = env
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false'
  if (no !== undefined && no !== '') return false
  return isTerminal && terminal !== 'dumb'
}
