// What timeout takes.
export default async function ({ pair, main }) {
  const { listener, near } = await pair();
  main.attempt('none', () => near.timeout());
  for (const value of [-1, 0, 5, 1.5, Number.NaN, Number.POSITIVE_INFINITY, null, undefined, {}, '3', 1e12]) {
    main.attempt(String(value), () => near.timeout(value));
  }
  near.close();
  listener.stop(true);
}
