// Times in the reader's zone, with the exact UTC on hover; countdowns that count, and what is past that grows older.
const NEAR = 24 * 3600;
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export function localTimes(within) {
  for (const time of within.querySelectorAll("time[datetime]:not([data-until], [data-ago])")) {
    if (time.title) continue;
    time.title = exact(time);
    time.textContent = day.format(new Date(time.dateTime));
  }
  count();
}

const exact = (time) => new Date(time.dateTime).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");

function left(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${two(hours)}:${two(minutes)}:${two(seconds % 60)}`;
}

// The two largest units, as the server says it.
function ago(seconds) {
  if (seconds < 60) return "just now";
  const units = [["d", 86400], ["h", 3600], ["min", 60]];
  let rest = seconds;
  const parts = units.map(([name, size]) => {
    const number = Math.floor(rest / size);
    rest %= size;
    return number ? `${number} ${name}` : "";
  }).filter(Boolean);
  return `${parts.slice(0, 2).join(" ")} ago`;
}

// Only what ends within a day counts down; before that, and once it is over, the server's words stand.
function count() {
  for (const time of document.querySelectorAll("time[data-until]")) {
    time.title ||= exact(time);
    const seconds = Math.floor((new Date(time.dateTime) - Date.now()) / 1000);
    if (seconds >= 0 && seconds < NEAR) time.textContent = left(seconds);
  }
  for (const time of document.querySelectorAll("time[data-ago]")) {
    time.title ||= exact(time);
    const text = ago(Math.floor((Date.now() - new Date(time.dateTime)) / 1000));
    if (time.textContent !== text) time.textContent = text;
  }
}

setInterval(count, 1000);
