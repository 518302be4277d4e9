/** Completion: each script is what its shell understands; bash's is also tried. */
import { spawnSync } from 'node:child_process'
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
  t.ok(offered(source, ['kpc', 'run', '-f', '/etc/passw']).includes('/etc/passwd'))
  t.strictSame(offered(source, ['kpc', 'run', '--for', '']), [])
})

t.test('fish', { skip: hasShell('fish') ? false : 'needs fish' }, async t => {
  const source = await script('fish')
  const ask = (line: string): readonly string[] => {
    const asked = `${source}\ncomplete -C '${line}'`
    const { stdout, stderr } = spawnSync('fish', ['-c', asked], { encoding: 'utf8' })
    t.equal(stderr, '')
    return stdout
      .split('\n')
      .filter(each => each !== '')
      .map(each => each.split('\t')[0] ?? '')
  }
  t.strictSame(ask('kpc re'), ['render'])
  t.strictSame(ask('kpc render --pro'), ['--proxy-mode'])
  t.strictSame(ask('kpc render --proxy-mode i'), ['iptables'])
  t.strictSame(ask('kpc completion '), ['bash', 'fish', 'zsh'])
  t.strictSame(ask('kpc render --dry'), [])
})

t.test('zsh', { skip: hasShell('zsh') ? false : 'needs zsh' }, async t => {
  const checked = spawnSync('zsh', ['-n'], { input: await script('zsh'), encoding: 'utf8' })
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
