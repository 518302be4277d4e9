import t from 'tap'
import { painter } from '../../../src/terminal/paint.ts'
import { tableLines } from '../../../src/terminal/table.ts'

const plain = painter(false)

t.test('columns line up, and nothing follows the last one', async t => {
  const columns = [{ title: 'NAME' }, { title: 'POLICY', wraps: true }]
  const rows = [
    [{ text: 'shop/web:http/TCP' }, { text: 'external Local' }],
    [{ text: 'a/b' }, { text: '' }],
  ]
  t.strictSame(tableLines({ columns, rows, width: 80, indent: '  ', paint: plain }), [
    '  NAME               POLICY',
    '  shop/web:http/TCP  external Local',
    '  a/b',
  ])
})

t.test('what may wrap continues below; a name is never cut', async t => {
  const columns = [{ title: 'NAME' }, { title: 'POLICY', wraps: true }]
  const name = 'a-namespace-of-a-certain-length/and-a-service:http/TCP'
  const rows = [
    [{ text: name }, { text: 'external Local, ClientIP 3h, lb from 192.0.2.0/24 only' }],
  ]
  const lines = tableLines({ columns, rows, width: 80, indent: '', paint: plain })
  t.ok(lines.every(line => line.length <= 80))
  t.ok(lines[1]?.startsWith(name))
  t.equal(
    lines
      .slice(1)
      .map(line => line.replace(name, '').trim())
      .join(' '),
    'external Local, ClientIP 3h, lb from 192.0.2.0/24 only',
  )
  const narrow = tableLines({ columns, rows, width: 30, indent: '', paint: plain })
  t.ok(narrow.some(line => line.includes(name)))
})

t.test('colour marks the text, not the blanks that pad it', async t => {
  const lines = tableLines({
    columns: [{ title: 'A' }, { title: 'B' }],
    rows: [[{ text: 'x', style: 'bad' }, { text: 'y' }]],
    width: 80,
    indent: '',
    paint: painter(true),
  })
  t.equal(lines[1], '\u001b[31mx\u001b[39m  y')
})

t.test('the last column moves below its row where even wrapping does not suffice', async t => {
  const columns = [{ title: 'NAME' }, { title: 'POLICY', wraps: true, spills: true }]
  const rows = [
    [{ text: 'a-service-with-a-name' }, { text: 'external Local → 1 here' }],
    [{ text: 'b' }, { text: '' }],
  ]
  const lines = tableLines({ columns, rows, width: 30, indent: '  ', paint: plain })
  t.strictSame(lines, ['  NAME', '  a-service-with-a-name', '      external Local → 1 here', '  b'])
})
