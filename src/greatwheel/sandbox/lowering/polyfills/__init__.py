"""Guest sources of modules, one file each; `lowering.modules` loads them. None of them is imported by the host."""
