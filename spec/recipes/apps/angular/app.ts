// Here the page compiles the templates; in a project of the Angular CLI, its build does.
import '@angular/compiler';
import { Component, provideZonelessChangeDetection, signal } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { Shop } from './shop.ts';

@Component({
  selector: 'main',
  imports: [Shop],
  template: `
    @if (isOpen()) {
      <shop-front />
    }
    <button (click)="isOpen.set(!isOpen())">{{ isOpen() ? 'Leave' : 'Come back' }}</button>
  `,
})
class App {
  protected readonly isOpen = signal(true);
}

await bootstrapApplication(App, { providers: [provideZonelessChangeDetection()] });
