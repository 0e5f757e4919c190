// Runs a task after the last of several calls; a newer run aborts an older one that still waits for its response.

export function latest(task, milliseconds = 60) {
  let timer;
  let running = new AbortController();
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      running.abort();
      const own = (running = new AbortController());
      try {
        await task(own.signal, ...values);
      } catch (error) {
        if (!own.signal.aborted) throw error;
      }
    }, milliseconds);
  };
}
