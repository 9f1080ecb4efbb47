/**
 * @param {number[]} values
 * @param {number} fraction between 0 and 1
 * @returns {number} interpolated; NaN when there is no value
 */
export function quantile(values, fraction) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length === 0) return NaN;
  const place = (sorted.length - 1) * fraction;
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

/**
 * @param {number[]} values
 * @returns {{median: number, low: number, high: number}} with the quartiles
 */
export function spread(values) {
  return { median: quantile(values, 0.5), low: quantile(values, 0.25), high: quantile(values, 0.75) };
}

/**
 * Ratios within each round: what disturbs the machine for seconds disturbs both sides alike.
 * @param {(number | undefined)[]} values
 * @param {(number | undefined)[]} base by the same rounds
 */
export function ratios(values, base) {
  return spread(values.map((value, round) => value / base[round]));
}

/** A new random order. */
export function shuffled(list) {
  const order = [...list];
  for (let i = order.length - 1; i > 0; i -= 1) {
    const j = Math.floor(Math.random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
