/** What a person typed as a list: parts between commas, semicolons or lines. */
export function parts(typed: string): string[] {
  return typed
    .split(/[,;\n]/)
    .map((part) => part.trim())
    .filter(Boolean);
}
