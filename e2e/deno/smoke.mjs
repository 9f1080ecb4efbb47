import * as sockets from 'bun-sockets';
import { echo } from './exercise.cjs';

const came = await echo(sockets);
if (came.join() !== 'over TCP,over TLS,over UDP') throw new Error(`came back: ${came}`);
