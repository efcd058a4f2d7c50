// A run on a GPU that is left at some iteration and gone on from there, in the same bytes; on the stand-in for the CUDA runtime.

import test from 'ava';
import { onStandIn, printed, run } from './support/stand-in.js';

test.before('the card is checked', async (t) => {
  if (onStandIn === test) t.deepEqual((await run(t, {}, {})).warnings, []);
});

onStandIn('twenty states over a pyramid end in the same bytes', async (t) => {
  const wrong = await printed<{ compared: number; wrong: string[] }>(
    t,
    {},
    `
    const engine = await Engine.open({ device: 'cuda' });
    const wrong = [];
    let compared = 0;
    let seed = 7;
    const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
    for (const changes of [{ optimizer: 'lbfgs', history: 2 }, { optimizer: 'adam', averaging: 0.8 }]) {
      const options = {
        ...base, content: wave(12, 10), style: wave(11, 12, 3), size: 12, scales: 2, minSize: 8, iterations: 5, ...changes,
      };
      const whole = await Run.start(engine, options);
      const states = [];
      while (await whole.next()) states.push(await whole.state());
      const { data } = await whole.finish();
      await whole.dispose();
      for (let i = 0; i < 10; i++) {
        const at = random(states.length);
        const again = await Run.start(engine, options, structuredClone(states[at]));
        const picture = await again.finish();
        await again.dispose();
        compared++;
        if (Buffer.compare(Buffer.from(data.buffer), Buffer.from(picture.data.buffer)) !== 0)
          wrong.push(changes.optimizer + ' from ' + at);
      }
    }
    await engine.close();
    console.log(JSON.stringify({ compared, wrong }));
    `,
  );
  t.deepEqual(wrong, { compared: 20, wrong: [] });
});
