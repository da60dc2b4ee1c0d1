// The reader's choice of light or dark, before anything is drawn.
try {
  const theme = localStorage.getItem("millwork-theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch { /* Without storage the system's choice holds. */ }
