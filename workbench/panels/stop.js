// Interrupts the kernel as JupyterLab's own stop button does: what a click tells the kernel would wait
// until it is idle. A page that is no JupyterLab has no such server; the button does nothing there.
const config = document.getElementById("jupyter-config-data");
const page = config ? JSON.parse(config.textContent) : {};
const cookie = document.cookie.match(/_xsrf=([^;]+)/);
const headers = {};
if (cookie) headers["X-XSRFToken"] = cookie[1];
if (page.token) headers["Authorization"] = `token ${page.token}`;
if (page.baseUrl)
  fetch(`${page.baseUrl}api/kernels/KERNEL/interrupt`, { method: "POST", headers });
