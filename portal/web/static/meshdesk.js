// What scripts add to pages that are right without them.
import { confirmFirst } from "./confirm.js";
import { keepLive } from "./live.js";
import { localTimes } from "./times.js";

localTimes(document);
confirmFirst();
keepLive();
