import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "tests",
  projects: [{ name: "all" }, { name: "small [again]", testMatch: /ones|tens/ }],
});
