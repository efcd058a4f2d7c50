// Talk goes to stderr: stdout is for data.

/** Writes lines to stderr. */
export function say(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}

/** Lines without control characters, as a file's name may have them: these become question marks. */
export function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n]/gu, '?');
}
