import { serve } from "./http.mjs";
import { Seats } from "./seats.mjs";

const holdMs = Number(process.env.HOLD_SECONDS ?? 120) * 1000;
const server = await serve(new Seats({ holdMs }), Number(process.env.PORT ?? 3000));
console.info(`listening on port ${server.address().port}`);

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.once(signal, () => {
    server.close();
    // Clients keep their connections for the next request; those would hold the service up for seconds.
    server.closeIdleConnections();
  });
}
