/**
 * The commands of a line as a POSIX shell would split it: at `|`, `&&` and `;`, into words, without quotes and comments. An
 * output redirection ends a command's words. `<name>` in documentation is a word, not a redirection.
 */
export function commandsOf(line: string): readonly (readonly string[])[] {
  const words = [...line.matchAll(/(?:^|\s)#.*$|&&|\|\|?|;|>>?|(?:"[^"]*"|'[^']*'|<[^<>]*>|[^\s"'|;&><])+/g)].map(
    ([word]) => word,
  );
  const commands: string[][] = [[]];
  let isRedirected = false;
  for (const word of words) {
    if (word.trimStart().startsWith('#')) break;
    if (/^(?:&&|\|\|?|;)$/.test(word)) {
      commands.push([]);
      isRedirected = false;
    } else if (/^>>?$/.test(word)) isRedirected = true;
    else if (!isRedirected) commands.at(-1)?.push(word.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'));
  }
  return commands.filter((command) => command.length > 0);
}
