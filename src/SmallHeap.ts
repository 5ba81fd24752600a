import { keepHeapSmall } from "./Heap.ts"

// Imported by main.ts before the libraries: what they set up as they load counts too.
keepHeapSmall()
