/** Completion for fish 3 and later. */
import { type CompletionNode, type CompletionOption, valueFlags } from './tree.ts'

export function fishCompletion(nodes: readonly CompletionNode[]): string {
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => quoted(path))
  return `# fish completion for cocoon; load it with: cocoon completion fish | source
function __cocoon_at --description 'whether the words so far lead to this command'
  set -l at ''
  set -l previous ''
  for word in (commandline -opc)[2..-1]
    if contains -- "$at $previous" ${nodes.flatMap(flagPatterns).join(' ')}
      set previous ''
      continue
    end
    set -l next (string trim -- "$at $word")
    contains -- "$next" ${paths.join(' ')}; and set at $next
    set previous $word
  end
  test "$at" = "$argv[1]"
end
complete -c cocoon -f
${nodes.flatMap(lines).join('\n')}
`
}

function lines({ path, commands, options, argument }: CompletionNode): string[] {
  const when = `complete -c cocoon -n ${quoted(`__cocoon_at ${quoted(path)}`)}`
  return [
    ...commands.map(
      ({ name, description }) => `${when} -a ${quoted(name)} -d ${quoted(description)}`,
    ),
    ...options.map((option) => `${when} ${flagOf(option)} -d ${quoted(option.description)}`),
    ...(argument === 'file' ? [`${when} -F`] : []),
  ]
}

function flagOf({ long, short, value }: CompletionOption): string {
  const names = `-l ${long.slice(2)}${short === undefined ? '' : ` -s ${short.slice(1)}`}`
  if (value === 'none') return names
  if (value === 'file') return `${names} -r -F`
  return value === 'folder' ? `${names} -x -a '(__fish_complete_directories)'` : `${names} -x`
}

function flagPatterns(node: CompletionNode): string[] {
  return valueFlags(node).map((flag) => quoted(`${node.path} ${flag}`))
}

const quoted = (text: string): string => `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`
