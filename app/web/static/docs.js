"use strict";

// A file of its own, since the page's policy allows no inline script.
SwaggerUIBundle({
  url: document.getElementById("docs").dataset.url,
  dom_id: "#docs",
  deepLinking: true,
  // Without this the page asks validator.swagger.io for a badge.
  validatorUrl: null,
});
