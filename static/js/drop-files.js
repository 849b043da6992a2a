// Drop files on a file field, and read back which ones were chosen.
"use strict";

function show(zone) {
  const input = zone.querySelector('input[type="file"]');
  const list = zone.querySelector("[data-file-names]");
  list.replaceChildren(
    ...[...input.files].map((file) => {
      const item = document.createElement("li");
      item.textContent = `${file.name} · ${Math.ceil(file.size / 1024).toLocaleString()} KiB`;
      return item;
    }),
  );
}

document.addEventListener("change", (event) => {
  const zone = event.target.closest?.("[data-dropzone]");
  if (zone) show(zone);
});

for (const type of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(type, (event) => {
    const zone = event.target.closest?.("[data-dropzone]");
    if (!zone) return;
    event.preventDefault();
    zone.classList.toggle("dropzone--over", type === "dragover");
    if (type === "drop" && event.dataTransfer.files.length) {
      zone.querySelector('input[type="file"]').files = event.dataTransfer.files;
      show(zone);
    }
  });
}
