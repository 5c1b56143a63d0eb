import { existsSync } from 'node:fs'
import { chromium, type Browser, type Page } from 'playwright-core'

const executablePath = '/usr/bin/chromium'

/** Whether there is a browser; where all must be had there has to be one. */
export const isHere = existsSync(executablePath) || process.env['CI'] === 'true'

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--no-sandbox'] })
}

/** A page of its own; what it throws is thrown. */
export async function pageOf(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage()
  page.on('pageerror', error => {
    throw error
  })
  await page.goto(url)
  return page
}

/** Plays one of the scenes of `spec/browser/scenes.ts` in a page, and answers what it does. */
export function scene(page: Page, name: string, ...args: readonly unknown[]): Promise<unknown> {
  const play = async ([module, name, args]: readonly [string, string, readonly unknown[]]): Promise<unknown> => {
    const scenes = (await import(module)) as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>
    return scenes[name]?.(...args)
  }
  return page.evaluate(play, ['/build/browser/scenes.js', name, args] as const)
}
