// Tasks: a board by state, a list, and each task by itself.
//   #/tasks?view=list&status=dead&agent=research&below=1    #/tasks/tsk_…

import { board } from "./taskboard.js";
import { task } from "./task.js";
import { views } from "./views.js";

export const render = (root, given) => views(root, given, (params) => (params.id ? task : board));
