/**
 * Columns that make equal tiles as large as they can be in a box.
 *
 * A tile wants `ratio` (width to height); what is left over stays empty around it.
 */
export function bestColumns(count: number, width: number, height: number, ratio = 16 / 9): number {
  let best = 1;
  let largest = 0;
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const tile = Math.min(width / columns, (height / rows) * ratio);
    // Of equals the wider arrangement: people sit side by side.
    if (tile > largest - 0.5) {
      largest = tile;
      best = columns;
    }
  }
  return best;
}
