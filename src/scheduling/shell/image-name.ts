/** An image by its full name: without a tag or a digest it is the latest. */
export function imageName(image: string): string {
  return image.lastIndexOf(':') > image.lastIndexOf('/') ? image : `${image}:latest`
}
