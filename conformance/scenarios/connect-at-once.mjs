// Sixty connections at the same time, each with its own bytes.
export default async function ({ listen, connect, main }) {
  const echo = listen({ hostname: '127.0.0.1', port: 0, socket: { data: (socket, data) => void socket.write(data) } });
  const answers = await Promise.all(
    Array.from({ length: 60 }, async (_, i) => {
      const text = `number ${i} says ${'x'.repeat(i)}`;
      let got = '';
      let done;
      const finished = new Promise((resolve) => {
        done = resolve;
      });
      const near = await connect({
        hostname: '127.0.0.1',
        port: echo.port,
        socket: {
          data(_socket, data) {
            got += data;
            if (got.length === text.length) done();
          },
        },
      });
      near.write(text);
      await finished;
      near.end();
      return got === text;
    }),
  );
  main.say('right answers', answers.filter(Boolean).length);
  echo.stop(true);
}
