import type { OrgView, UserView } from '../../ports/views.ts'

export const userJson = ({ id, name, email, createdAt }: UserView) => ({ id, name, email, createdAt })
export const organizationJson = ({ id, name, createdAt }: OrgView) => ({ id, name, createdAt })
