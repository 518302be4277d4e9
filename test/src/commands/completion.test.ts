/** Completion: each script is what its shell understands; bash's is also tried. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import t from 'tap'
import { kpc } from '../../support/kpc.ts'

const hasShell = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0

const script = async (shell: string): Promise<string> => {
  const { code, out } = await kpc(['completion', shell])
  t.equal(code, 0)
  return out
}

/** What bash offers for the last of these words. */
const offered = (source: string, words: readonly string[]): readonly string[] => {
  const quoted = words.map(word => `'${word}'`).join(' ')
  const last = words.length - 1
  const ask = `COMP_WORDS=(${quoted}); COMP_CWORD=${last}; _kpc kpc '${words[last]}' '${words[last - 1]}'; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout } = spawnSync('bash', ['-c', `${source}\n${ask}`], { encoding: 'utf8' })
  return stdout.split('\n').filter(line => line !== '')
}

t.test('bash', { skip: hasShell('bash') ? false : 'needs bash' }, async t => {
  const source = await script('bash')
  t.strictSame(offered(source, ['kpc', 're']), ['render'])
  t.strictSame(offered(source, ['kpc', 'render', '--pro']), ['--proxy-mode'])
  t.strictSame(offered(source, ['kpc', 'render', '--proxy-mode', 'i']), ['iptables'])
  t.strictSame(offered(source, ['kpc', 'completion', '']), ['bash', 'zsh', 'fish', '-h', '--help'])
  t.strictSame(offered(source, ['kpc', 'run', '--output', '']), ['text', 'json', 'yaml'])
  t.strictSame(
    offered(source, ['kpc', 'run', '-f', '/etc/passw']),
    ['/etc/passwd', '/etc/passwd-'].filter(file => existsSync(file)),
  )
  t.strictSame(offered(source, ['kpc', 'run', '--for', '']), [])
})

for (const shell of ['zsh', 'fish'])
  t.test(shell, { skip: hasShell(shell) ? false : `needs ${shell}` }, async t => {
    const checked = spawnSync(shell, ['-n'], { input: await script(shell), encoding: 'utf8' })
    t.equal(checked.stderr, '')
    t.equal(checked.status, 0)
  })

t.test('every command and flag is in every script', async t => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const source = await script(shell)
    for (const word of ['render', 'run', 'version', 'completion', 'hostname-override', 'dry-run'])
      t.match(source, word, `${shell}: ${word}`)
  }
})
