/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Globals that are set when the module is loaded, by its parameter
 * global="NAME=VALUE", as often as there are such (staprun/global.go).
 */

static int stap_global_set(const char *setting, const struct kernel_param *parameter)
{
	size_t length = strcspn(setting, "=");
	unsigned int i;

	for (i = 0; i < stap_script.global_count; i++) {
		const struct stap_global *global = &stap_script.globals[i];

		if (strlen(global->name) != length || strncmp(global->name, setting, length) || !setting[length])
			continue;
		if (global->number)
			return kstrtoll(setting + length + 1, 0, global->number);
		return strscpy(global->text, setting + length + 1, MAXSTRINGLEN) < 0 ? -EINVAL : 0;
	}
	return -ENOENT;
}

static const struct kernel_param_ops stap_global_ops = { .set = stap_global_set };

module_param_cb(global, &stap_global_ops, NULL, 0);
MODULE_PARM_DESC(global, "NAME=VALUE: what a global of the script begins with");
