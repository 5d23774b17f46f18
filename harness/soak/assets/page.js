"use strict";
// The page is whole without this script; with it, it stays up to date.
async function renew() {
  let answered = false;
  try {
    const answer = await fetch("live", { cache: "no-store" });
    if (answer.ok) {
      document.getElementById("live").innerHTML = await answer.text();
      answered = true;
    }
  } catch { /* the campaign has ended */ }
  document.getElementById("lost").hidden = answered;
  setTimeout(renew, 2000);
}
setTimeout(renew, 2000);
