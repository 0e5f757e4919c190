// Requests to the workbench's server. Each has the token of this run, which was in the fragment of the page's URL.

const fromUrl = new URLSearchParams(location.hash.slice(1)).get("token");
if (fromUrl) {
  sessionStorage.setItem("token", fromUrl);
  history.replaceState(null, "", location.pathname);
}
const headers = { Authorization: `Bearer ${sessionStorage.getItem("token") ?? ""}` };

export class ApiError extends Error {}

// Run a job, and show in an element why the workbench rejects it.
export async function showProblem(place, job) {
  place.hidden = true;
  try {
    await job();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    place.hidden = false;
    place.textContent = error.message;
  }
}

async function read(response) {
  const body = await response.json().catch(() => ({ message: `The server responded with status ${response.status}.` }));
  if (!response.ok) throw new ApiError(body.message);
  return body;
}

async function request(path, options) {
  let response;
  try {
    response = await fetch(path, { ...options, headers: { ...headers, ...options.headers } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The workbench does not respond. Is connector-kit dev still running?");
  }
  return read(response);
}

export function get(path, signal) {
  return request(path, { signal });
}

export function post(path, body, signal) {
  const options = { method: "POST", body: JSON.stringify(body), signal };
  return request(path, { ...options, headers: { "Content-Type": "application/json" } });
}

// Reads Server-Sent Events with fetch, because EventSource cannot send the token in a header.
export async function listen(path, onEvent, onState) {
  for (;;) {
    try {
      const response = await fetch(path, { headers });
      if (!response.ok) return read(response);
      onState(true);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        text += value;
        const events = text.split("\n\n");
        text = events.pop();
        for (const event of events) {
          const found = /^event: (.*)\ndata: (.*)$/.exec(event);
          if (found) onEvent(found[1], JSON.parse(found[2]));
        }
      }
    } catch {
      // The connection is lost; try again below.
    }
    onState(false);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
