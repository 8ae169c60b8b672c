// Asks a small endpoint whether there is more to show than this page does.
const polled = document.body.dataset.live;
const news = document.getElementById("news");
const follow = document.getElementById("follow");
const remembered = "allegiance-follow";
const reload = () => location.reload();
const idle = () => document.visibilityState === "visible";
const look = async () => {
  try {
    const answer = idle() && (await fetch(polled, { cache: "no-store" }));
    if (answer && answer.ok && (await answer.json()).changed) {
      if (follow.checked) return reload();
      news.hidden = false;
    }
  } catch {
    /* the server has ended: what is shown stays */
  }
  setTimeout(look, 3000);
};
follow.checked =
  document.body.dataset.follow === "yes" || sessionStorage.getItem(remembered) === "yes";
follow.addEventListener("change", () => {
  sessionStorage.setItem(remembered, follow.checked ? "yes" : "no");
});
document.getElementById("reload").addEventListener("click", reload);
setTimeout(look, 3000);
